"""Prints Tahoe-LAFS's servers of happiness of every line of input: an object of share numbers by server."""
import json
import sys

from allmydata.util.happinessutil import servers_of_happiness

for line in sys.stdin:
    servers = {}
    for server, numbers in json.loads(line).items():
        for number in numbers:
            servers.setdefault(number, set()).add(server.encode())
    print(servers_of_happiness(servers))
