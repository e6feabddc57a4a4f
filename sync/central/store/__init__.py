"""Central's database and the only words by which other rooms speak to it."""

from sync.central.store.bare import bare_commits_per_s as bare_commits_per_s
from sync.central.store.bare import bare_copy_per_s as bare_copy_per_s
from sync.central.store.bulk import REFUSALS as REFUSALS
from sync.central.store.bulk import insert_bearing as insert_bearing
from sync.central.store.bulk import insert_many as insert_many
from sync.central.store.copying import is_dump as is_dump
from sync.central.store.copying import load as load
from sync.central.store.copying import save_copy as save_copy
from sync.central.store.engine import Store as Store
from sync.central.store.engine import is_postgres as is_postgres
from sync.central.store.engine import lately as lately
from sync.central.store.engine import now_of as now_of
from sync.central.store.engine import wake_after as wake_after
from sync.central.store.engine import wake_here_after as wake_here_after
from sync.central.store.engine import wake_soon_after as wake_soon_after
from sync.central.store.guards import guard as guard
from sync.central.store.migrations import STEPS as STEPS
from sync.central.store.partitions import BY_SITE as BY_SITE
from sync.central.store.partitions import give_up as give_up
from sync.central.store.partitions import is_parted as is_parted
from sync.central.store.partitions import part_by_site as part_by_site
from sync.central.store.partitions import turn_over as turn_over
from sync.central.store.sealing import Seals as Seals
from sync.central.store.sealing import demand_seals as demand_seals
from sync.central.store.sealing import seals_of as seals_of
from sync.central.store.wakes import AHEAD as AHEAD
from sync.central.store.wakes import DIARY as DIARY
from sync.central.store.wakes import ENTRIES as ENTRIES
from sync.central.store.wakes import RENEWAL as RENEWAL
from sync.central.store.wakes import Wakes as Wakes
from sync.central.store.words import *  # noqa: F403  # the vocabulary, named word by word in its own file
