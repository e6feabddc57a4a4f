-- name: ack_set
-- Central holds a lane up to a sequence; one row an hour is kept, because pruning waits for days.
INSERT INTO acks (lane, hour, seq, at_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (lane, hour) DO UPDATE SET seq = max(seq, excluded.seq), at_ms = excluded.at_ms;

-- name: acks_alone
-- Whether there are acks of a release that wrote each once.
SELECT EXISTS (SELECT 1 FROM acks) AND NOT EXISTS (SELECT 1 FROM acks WHERE lane > 1);

-- name: acks_double
-- Write each a second time, two lanes further on.
INSERT INTO acks (lane, hour, seq, at_ms) SELECT lane + 2, hour, seq, at_ms FROM acks WHERE lane < 2;

-- name: acked
-- Up to where central holds a lane: what both rows of an ack say, or else what was pruned by one.
SELECT max(coalesce(max(one.seq), 0), coalesce((SELECT seq FROM anchors WHERE lane = ?), 0)), coalesce(max(one.at_ms), 0)
FROM acks AS one JOIN acks AS other
ON other.lane = one.lane + 2 AND other.hour = one.hour AND other.seq = one.seq AND other.at_ms = one.at_ms
WHERE one.lane = ?;

-- name: acked_before
-- Up to where central held a lane at a moment: what both rows of an ack say.
SELECT coalesce(max(one.seq), 0)
FROM acks AS one JOIN acks AS other
ON other.lane = one.lane + 2 AND other.hour = one.hour AND other.seq = one.seq AND other.at_ms = one.at_ms
WHERE one.lane = ? AND one.at_ms <= ?;

-- name: acks_prune
-- Forget the acks of a lane before a moment that say less than another one.
DELETE FROM acks WHERE lane IN (?, ?) AND at_ms <= ? AND seq < ?;
