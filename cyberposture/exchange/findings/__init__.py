"""Findings for ticket systems and analysts: DefectDojo's generic format, SARIF, CSV, JSON."""
