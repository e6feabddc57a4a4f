-- name: begin
-- Take the write lock at once, so that nothing fails half-way for want of it.
BEGIN IMMEDIATE;

-- name: commit
-- Make the whole batch durable, or none of it.
COMMIT;

-- name: rollback
-- Forget the whole batch.
ROLLBACK;

-- name: act_begin
-- Remember the state before one act of a batch.
SAVEPOINT act;

-- name: act_keep
-- Keep what the act did.
RELEASE act;

-- name: act_undo
-- Forget what the act did, and only that.
ROLLBACK TO act;

-- name: owner
-- Whose journal this is: the chain starts from it.
SELECT site, device, public_key FROM owner WHERE id = 1;

-- name: owner_set
-- State once whose journal this is.
INSERT INTO owner (id, site, device, public_key) VALUES (1, ?, ?, ?);

-- name: anchors
-- The last record before the first kept one, per lane; sequence 0 is the chain's start.
SELECT lane, seq, h FROM anchors;

-- name: anchor_set
-- Move a lane's anchor to the last pruned record.
INSERT INTO anchors (lane, seq, h) VALUES (?, ?, ?)
ON CONFLICT (lane) DO UPDATE SET seq = excluded.seq, h = excluded.h;

-- name: journal_add
-- Append one record; key is the lane's base plus the sequence, so a second record of one number cannot exist.
INSERT INTO journal (key, hlc, offset_ms, uncertainty_ms, kind, schema, band, body, h)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: journal_range
-- Records of a lane in order, from one key to another.
SELECT key, hlc, offset_ms, uncertainty_ms, kind, schema, band, body, h
FROM journal WHERE key > ? AND key <= ? ORDER BY key LIMIT ?;

-- name: journal_back
-- Records of a lane, newest first.
SELECT key, hlc, offset_ms, uncertainty_ms, kind, schema, band, body, h
FROM journal WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?;

-- name: journal_one
-- One record by its key.
SELECT key, hlc, offset_ms, uncertainty_ms, kind, schema, band, body, h FROM journal WHERE key = ?;

-- name: journal_about
-- The newest records of one band in a range, newest first.
SELECT key, hlc, offset_ms, uncertainty_ms, kind, schema, band, body, h
FROM journal WHERE key > ? AND key <= ? AND band = ? ORDER BY key DESC LIMIT ?;

-- name: journal_kind
-- The newest records of one kind in a range, newest first.
SELECT key, hlc, offset_ms, uncertainty_ms, kind, schema, band, body, h
FROM journal WHERE key > ? AND key <= ? AND kind = ? ORDER BY key DESC LIMIT ?;

-- name: journal_head
-- The last record of a lane.
SELECT key, hlc, h FROM journal WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT 1;

-- name: effects
-- What batches changed and the tables do not show yet, oldest first.
SELECT key, body, digest FROM effects ORDER BY key;

-- name: effects_add
-- Log what a batch changed, in the batch's own transaction.
INSERT INTO effects (key, body, digest) VALUES (?, ?, ?);

-- name: effects_cut
-- Forget batches whose changes are all in their tables.
DELETE FROM effects WHERE key < ?;

-- name: journal_prune
-- Forget acked records up to a key.
DELETE FROM journal WHERE key >= ? AND key <= ?;

-- name: held
-- The site's memory of one band (its row has no right), and the uses of some rights.
SELECT NULL AS entitlement, NULL AS device, NULL AS ordinal, body, digest FROM bands WHERE band = ?
UNION ALL
SELECT entitlement, device, ordinal, body, digest FROM uses WHERE entitlement IN (?) LIMIT ?;

-- name: ahead
-- What a tap asks for, all at once: its answer, a link made here, the band's memory and uses of some rights.
SELECT 0, NULL, NULL, NULL, body, digest FROM answers WHERE tap_id = ?
UNION ALL
SELECT 1, NULL, NULL, NULL, body, digest FROM kept WHERE kind = ? AND key = ?
UNION ALL
SELECT 2, NULL, NULL, NULL, body, digest FROM bands WHERE band = ?
UNION ALL
SELECT 2, entitlement, device, ordinal, body, digest FROM uses WHERE entitlement IN (?) LIMIT ?;

-- name: band_seq
-- The ordinary record that last touched a band.
SELECT seq FROM bands WHERE band = ?;

-- name: band_set
-- Remember a band as a decision left it.
INSERT INTO bands (band, seq, body, digest) VALUES (?, ?, ?, ?)
ON CONFLICT (band) DO UPDATE SET seq = excluded.seq, body = excluded.body, digest = excluded.digest;

-- name: band_drop
-- Forget what the site remembers of a band.
DELETE FROM bands WHERE band = ?;

-- name: members_drop
-- Forget where a band was with its party.
DELETE FROM members WHERE band = ?;

-- name: uses_drop
-- Forget every use of a right.
DELETE FROM uses WHERE entitlement = ?;

-- name: use_set
-- Add one use of a right, or change it.
INSERT INTO uses (entitlement, device, ordinal, body, digest) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (entitlement, device, ordinal) DO UPDATE SET body = excluded.body, digest = excluded.digest;

-- name: answer
-- The stored answer of a tap.
SELECT body, digest FROM answers WHERE tap_id = ?;

-- name: answer_set
-- Keep the answer of a tap, so that the same presentation is answered the same for ever.
INSERT INTO answers (tap_id, seq, body, digest) VALUES (?, ?, ?, ?)
ON CONFLICT (tap_id) DO UPDATE SET seq = excluded.seq, body = excluded.body, digest = excluded.digest;

-- name: answers_walk
-- Some answers in order of their taps, to be weighed for pruning.
SELECT tap_id, seq FROM answers WHERE tap_id > ? ORDER BY tap_id LIMIT ?;

-- name: answer_drop
-- Forget the answer of a tap whose record is gone.
DELETE FROM answers WHERE tap_id = ?;

-- name: member_set
-- Where a member of a party is, and when it last passed there.
INSERT INTO members (party, band, role, body, digest) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (party, band) DO UPDATE SET role = excluded.role, body = excluded.body, digest = excluded.digest;

-- name: members
-- Everybody of a party who was seen here.
SELECT band, role, body, digest FROM members WHERE party = ? ORDER BY band LIMIT ?;

-- name: kept
-- One small thing by kind and key.
SELECT body, digest FROM kept WHERE kind = ? AND key = ?;

-- name: kept_of_size
-- Whatever has a kind and a key of so many octets, in the order in which it lies: no key is looked for.
SELECT body, digest FROM kept WHERE length(CAST(kind AS BLOB)) = ? AND length(CAST(key AS BLOB)) = ?;

-- name: kept_all
-- All small things of one kind.
SELECT key, body, digest FROM kept WHERE kind = ? ORDER BY key LIMIT ?;

-- name: kept_everything
-- All small things of every kind.
SELECT kind, key, body, digest FROM kept ORDER BY kind, key;

-- name: kept_set
-- Keep one small thing.
INSERT INTO kept (kind, key, body, digest) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, digest = excluded.digest;

-- name: kept_drop
-- Forget one small thing.
DELETE FROM kept WHERE kind = ? AND key = ?;

-- name: pointer
-- Which profile file is live: there is one row, whatever became of its number, or a newer one with the right number.
SELECT CAST(file AS BLOB) FROM pointer ORDER BY id = 1 DESC LIMIT 1;

-- name: pointer_set
-- Make another profile file the live one.
INSERT INTO pointer (id, file) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET file = excluded.file;

-- name: profile
-- One profile by the first 63 bits of its BandId.
SELECT band, rev, body FROM profiles WHERE key = ?;

-- name: profile_near
-- A profile at or behind a key that nobody could foresee.
SELECT band, rev, body FROM profiles WHERE key >= ? ORDER BY key LIMIT 1;

-- name: profile_rev
-- Which band holds a key, and at which revision.
SELECT band, rev FROM profiles WHERE key = ?;

-- name: profile_keys
-- The sealed keys of one band.
SELECT band, keys FROM profiles WHERE key = ?;

-- name: profile_add
-- Put a new profile in its place.
INSERT INTO profiles (key, band, rev, guest, name, start, body, keys) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: profile_replace
-- Put a newer profile over an older one of the same band.
UPDATE profiles SET rev = ?, guest = ?, name = ?, start = ?, body = ?, keys = ? WHERE key = ?;

-- name: profile_drop
-- Take a profile away.
DELETE FROM profiles WHERE key = ? AND band = ?;

-- name: profile_count
-- How many profiles there are.
SELECT count(*) FROM profiles;

-- name: profiles_by_guest
-- Profiles of a guest's blinded pseudonym.
SELECT key FROM profiles WHERE guest = ? LIMIT ?;

-- name: profiles_by_name
-- Profiles of a blinded whole name.
SELECT key FROM profiles WHERE name = ? LIMIT ?;

-- name: profiles_by_start
-- Profiles whose name has these blinded first characters.
SELECT key FROM profiles WHERE start = ? LIMIT ?;

-- name: profiles_by_key
-- Profiles whose BandId begins so.
SELECT key FROM profiles WHERE key >= ? AND key <= ? ORDER BY key LIMIT ?;

-- name: refused_set
-- Remember a band whose key another band holds already.
INSERT INTO refused (band) VALUES (?) ON CONFLICT (band) DO NOTHING;

-- name: refused_count
-- How many bands were refused.
SELECT count(*) FROM refused;

-- name: refused
-- Whether a band was refused.
SELECT 1 FROM refused WHERE band = ?;

-- name: site_one
-- One thing of the site by kind and key.
SELECT version, body FROM site WHERE kind = ? AND key = ?;

-- name: site_all
-- All things of the site of one kind.
SELECT key, version, body FROM site WHERE kind = ? ORDER BY key LIMIT ?;

-- name: site_set
-- Put a thing of the site in its place.
INSERT INTO site (kind, key, version, body) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, body = excluded.body;

-- name: site_drop
-- Take a thing of the site away.
DELETE FROM site WHERE kind = ? AND key = ?;

-- name: cursor
-- How far the feed has been applied.
SELECT epoch, seq FROM cursor WHERE id = 1;

-- name: cursor_set
-- Note how far the feed has been applied, in the transaction that applied it.
INSERT INTO cursor (id, epoch, seq) VALUES (1, ?, ?)
ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq;

-- name: profiles_whole
-- Every profile as it stands in a file, to be sealed anew.
SELECT band, rev, body, keys FROM profiles ORDER BY key;

-- name: site_whole
-- Everything of the site as it stands in a file.
SELECT kind, key, version, body FROM site ORDER BY kind, key;

-- name: refused_whole
-- Every refused band.
SELECT band FROM refused;

-- name: profiles_former
-- Every profile of a file that was made before bodies were sealed.
SELECT band, rev, guest, name, body, keys, digest FROM profiles ORDER BY key;

-- name: site_former
-- Everything of the site in a file that was made before bodies were sealed.
SELECT kind, key, version, body, digest FROM site ORDER BY kind, key;

-- name: kept_whole
-- Every small thing.
SELECT kind, key, body, digest FROM kept;

-- name: kept_reseal
-- Put a small thing's body in place of the same body, sealed otherwise.
UPDATE kept SET body = ?, digest = ? WHERE kind = ? AND key = ?;

-- name: answers_whole
-- Every kept answer.
SELECT tap_id, body, digest FROM answers;

-- name: answer_reseal
-- Put an answer's body in place of the same body, sealed otherwise.
UPDATE answers SET body = ?, digest = ? WHERE tap_id = ?;

-- name: effects_reseal
-- Put what a batch changed in place of the same, sealed otherwise.
UPDATE effects SET body = ?, digest = ? WHERE key = ?;

-- name: answers_forget
-- Forget every kept answer.
DELETE FROM answers;

-- name: members_forget
-- Forget where the members of parties were.
DELETE FROM members;

-- name: kept_forget
-- Forget all that is kept but what the device itself is.
DELETE FROM kept WHERE kind NOT IN ('sync', 'screens', 'count', 'checkpoint', 'frozen');

-- name: profiles_forget
-- Forget every profile.
DELETE FROM profiles;

-- name: site_forget
-- Forget layout and staff.
DELETE FROM site;
