"""What the register hands to other programs, each time with an audit entry and its digest."""
