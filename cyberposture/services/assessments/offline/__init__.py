"""Work without the register: papers that leave it, what comes back, and the receipt for that."""
