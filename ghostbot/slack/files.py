"""Files in Slack: what people and agents sent, up to a size, and what Ghost puts into a thread.

Rule 1: the bot's token goes to Slack's own hosts, and to no address that a message names.
Rule 2: nothing is followed elsewhere: without the right to read a file, Slack redirects to a page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from ghostbot.errors import Failed
from ghostbot.slack.blocks.text import clean
from ghostbot.slack.reading import FileRef
from ghostbot.slack.refusals import NETWORK, code_of

LIMIT_S = 20.0
CHUNK = 64 * 1024
SLACK_HOSTS = (".slack.com", ".slack-files.com", ".slack-edge.com")


class Files:
    """Reads and writes files by the bot's token."""

    def __init__(
        self, client: AsyncWebClient, session: Callable[[], aiohttp.ClientSession]
    ) -> None:
        """Take a client that repeats nothing by itself, and what gives the shared session."""
        self._client = client
        self._session = session

    async def read(self, file: FileRef, most: int) -> bytes:
        """Return what a file holds. Raises Failed, with the reason, also beyond `most` bytes."""
        try:
            async with asyncio.timeout(LIMIT_S):
                return await self._read(file, most)
        except SlackApiError as error:
            raise Failed(f"cannot read {file.name}: Slack answers {code_of(error)}") from error
        except NETWORK as error:
            why = str(error) or type(error).__name__
            raise Failed(f"cannot read {file.name}: {why}") from error

    async def _read(self, file: FileRef, most: int) -> bytes:
        known = (await self._client.files_info(file=file.id))["file"]
        if int(known.get("size") or 0) > most:
            raise _too_long(file, most)
        url = str(known.get("url_private_download") or known.get("url_private") or "")
        if not self._is_slacks(url):
            raise Failed(f"cannot read {file.name}: it lies outside of Slack")
        headers = {"Authorization": f"Bearer {self._client.token}"}
        async with self._session().get(
            url, headers=headers, proxy=self._client.proxy, allow_redirects=False
        ) as answer:
            if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
                raise Failed(f"cannot read {file.name}: Slack answers HTTP {answer.status}")
            held = bytearray()
            async for chunk in answer.content.iter_chunked(CHUNK):
                held += chunk
                if len(held) > most:
                    raise _too_long(file, most)
        return bytes(held)

    def _is_slacks(self, url: str) -> bool:
        """Tell whether an address is Slack's, or of the very server that Ghost talks to."""
        asked, home = urlsplit(url), urlsplit(self._client.base_url)
        host = f".{asked.hostname or ''}"
        if asked.scheme == "https" and host.endswith(SLACK_HOSTS) and asked.username is None:
            return True
        return (asked.scheme, asked.netloc) == (home.scheme, home.netloc)

    async def put(
        self, name: str, text: str, title: str, *, channel: str, thread_ts: str | None
    ) -> None:
        """Put a file into a channel or thread. Raises SlackApiError, and what the network does."""
        data = clean(text).encode()
        asked = await self._client.files_getUploadURLExternal(filename=name, length=len(data))
        url = str(asked["upload_url"])
        limit = aiohttp.ClientTimeout(total=LIMIT_S)
        async with self._session().post(
            url, data=data, timeout=limit, proxy=self._client.proxy
        ) as answer:
            if not answer.ok:
                raise aiohttp.ClientError(f"the upload was answered HTTP {answer.status}")
        await self._client.files_completeUploadExternal(
            files=[{"id": asked["file_id"], "title": title}],
            channel_id=channel,
            thread_ts=thread_ts,
        )


def _too_long(file: FileRef, most: int) -> Failed:
    return Failed(f"cannot read {file.name}: it has more than {most:,} bytes")
