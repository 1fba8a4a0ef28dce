"""The command line: a client of the API over ghost.sock.

Rule 1: only the module of the command that was typed is imported, and none of them imports
        asyncio, aiohttp, pydantic or rich: `ghost status` takes little longer than Python.
Rule 2: 0 done; 1 it failed, and why is on stderr; 2 bad usage; 3 Ghost is not running;
        4 no such thing; 5 not allowed.
"""
