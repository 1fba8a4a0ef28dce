"""A job that ends well: checks the roles of the team once."""

import time

ROLES = {"viewer": 5, "operator": 3, "approver": 2, "admin": 1}

for role, people in ROLES.items():
    print(time.strftime("%H:%M:%S"), f"{role}: {people} found, fine", flush=True)
    time.sleep(0.3)
print(f"{len(ROLES)} roles verified", flush=True)
