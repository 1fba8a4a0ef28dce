"""Slack listeners: listen, ask Ghost, answer. The whole surface is in `register`.

Rule 1: a listener acks, and hands what is to be done to the queue; nothing is awaited before.
Rule 2: nothing is decided here: rights are `slack.people`'s, meaning is `core.words`', deeds are
        Ghost's, looks are `slack.blocks`'.
"""

from __future__ import annotations

import re

from slack_bolt.async_app import AsyncApp

from ghostbot.slack.blocks import choosers, incident, patch_views, patch_words
from ghostbot.slack.blocks import patch as patch_blocks
from ghostbot.slack.blocks import tasks as task_blocks
from ghostbot.slack.blocks.menus import SAY
from handlers import (
    buttons,
    choosing,
    commands,
    failing,
    home,
    mentions,
    menus,
    patch_posts,
    patches,
    shortcuts,
    tasks,
    troubles,
)
from handlers.admission import admission
from handlers.means import Means

ANY_COMMAND = re.compile(r"/.+")  # Slack sends an app none but its own, whatever it is called


def register(app: AsyncApp, means: Means) -> None:
    """Let `app` answer all that manifest.yml declares."""
    app.middleware(admission(means))
    app.command(ANY_COMMAND)(commands.command)
    app.event("app_mention")(mentions.mentioned)
    app.event("message")(mentions.messaged)
    app.event("app_home_opened")(home.opened)
    app.action(re.compile(f"{SAY}(:.*)?"))(menus.said)
    app.options(choosers.NAMES)(choosing.suggest)
    app.view(choosers.CHOOSE)(choosing.chosen)
    app.action(incident.RESTART)(buttons.restart)
    app.action(incident.LOGS)(buttons.logs)
    app.action(incident.HEAL)(tasks.heal)
    app.action(incident.ACK)(troubles.acknowledge)
    app.action(incident.SILENCE)(troubles.silence_one)
    app.action(task_blocks.RUN)(tasks.confirmed)
    app.global_shortcut("ghost_open")(shortcuts.opened)
    app.message_shortcut("ghost_patch_from_message")(patch_posts.shortcut)
    app.action(patch_blocks.APPROVE)(patches.approved)
    app.action(patch_blocks.REJECT)(patches.rejecting)
    app.action(patch_blocks.DIFF)(patches.showing)
    app.action(patch_words.REVERT)(patches.reverting)
    app.action(patch_views.OPEN)(patches.opened)
    app.view(patch_views.FORM)(patch_posts.sent)
    app.view(patch_views.DIGEST)(patches.typed_digest)
    app.view(patch_views.REASON)(patches.gave_reason)
    app.error(failing.unanswered)
    patch_posts.follow(means)
