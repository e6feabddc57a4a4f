"""The edge's end of the wire."""

from sync.client.cable import Cable as Cable
from sync.client.client import Client as Client
from sync.client.client import Place as Place
from sync.client.client import SyncHealth as SyncHealth
from sync.client.client import Unpinned as Unpinned
from sync.client.enrolment import enrol as enrol
from sync.client.history import Sender as Sender
from sync.client.line import Declined as Declined
from sync.client.line import Line as Line
from sync.client.ports import Ports as Ports
from sync.client.pushing import Drained as Drained
from sync.client.pushing import drain_lane as drain_lane
from sync.client.rolling import roll as roll
