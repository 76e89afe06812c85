"""Run in the environment of mcp-pinot-server: calls its tools over stdio, as an assistant does.

Reads [[tool, arguments], ...] as JSON and prints {"tools": [names], "answers": [text, ...]}.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    calls = json.load(sys.stdin)
    command = str(Path(sys.executable).parent / "mcp-pinot")
    server = StdioServerParameters(command=command, env=dict(os.environ) | {"MCP_TRANSPORT": "stdio"})
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        listed = await session.list_tools()
        answers = []
        for tool, arguments in calls:
            answer = await session.call_tool(tool, arguments)
            answers.append("".join(part.text for part in answer.content))
    print(json.dumps({"tools": [tool.name for tool in listed.tools], "answers": answers}))


asyncio.run(main())
