"""Telling the product what happened in the chain: the past by its verbs, the present over HTTP."""

from setten.demo.telling.client import Client
from setten.demo.telling.desk import Desk
from setten.demo.telling.history import Teller
from setten.demo.telling.live import follow, patiently, wait
from setten.demo.telling.truth import FOLDER, write

__all__ = ["FOLDER", "Client", "Desk", "Teller", "follow", "patiently", "wait", "write"]
