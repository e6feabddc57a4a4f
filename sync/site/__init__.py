"""What the devices of one site share through etcd while they reach one another, the internet or not."""

from sync.site.blocking import Block as Block
from sync.site.blocking import BlockPorts as BlockPorts
from sync.site.book import SiteBook as SiteBook
from sync.site.gateway import Gateway as Gateway
from sync.site.gateway import Unanswered as Unanswered
from sync.site.hearsay import Hearsay as Hearsay
from sync.site.hearsay import Measure as Measure
from sync.site.hearsay import Wallets as Wallets
from sync.site.member import Member as Member
from sync.site.ports import Ports as Ports
from sync.site.purse import PursePorts as PursePorts
from sync.site.statement import Statement as Statement
from sync.site.statement import StatePorts as StatePorts
from sync.site.witness import WitnessPorts as WitnessPorts
