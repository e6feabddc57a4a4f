-- name: use_walk
-- Every use as it lies there; what a flipped bit made of a text is read as octets.
SELECT CAST(entitlement AS BLOB), CAST(device AS BLOB), ordinal, body, digest FROM uses;

-- name: use_mend
-- Put a use back where it was, unless there is one by now.
INSERT INTO uses (entitlement, device, ordinal, body, digest) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: use_stray
-- Remove a use from under a key that it never had; found row by row, for its place is its former key's.
DELETE FROM uses
WHERE CAST(+entitlement AS BLOB) = ? AND CAST(+device AS BLOB) = ? AND +ordinal = ? AND digest = ?;

-- name: band_walk
-- Every band that is remembered.
SELECT band, seq, body, digest FROM bands;

-- name: band_mend
-- Put the memory of a band back where it was, unless there is one by now.
INSERT INTO bands (band, seq, body, digest) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: band_stray
-- Remove the memory of a band that there never was.
DELETE FROM bands WHERE +band = ? AND digest = ?;

-- name: kept_walk
-- Every small thing as it lies there.
SELECT CAST(kind AS BLOB), CAST(key AS BLOB), body, digest FROM kept;

-- name: kept_mend
-- Put a small thing back where it was, unless there is one by now.
INSERT INTO kept (kind, key, body, digest) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: kept_stray
-- Remove a small thing from under a key that it never had.
DELETE FROM kept WHERE CAST(+kind AS BLOB) = ? AND CAST(+key AS BLOB) = ? AND digest = ?;

-- name: use_beside
-- The row behind so many uses of a right, and the one before them: between these a flipped one of that right lies.
SELECT * FROM (
    SELECT CAST(entitlement AS BLOB), CAST(device AS BLOB), ordinal, body, digest FROM uses
    WHERE entitlement >= ? ORDER BY entitlement, device, ordinal LIMIT 1 OFFSET ?)
UNION ALL SELECT * FROM (
    SELECT CAST(entitlement AS BLOB), CAST(device AS BLOB), ordinal, body, digest FROM uses
    WHERE entitlement < ? ORDER BY entitlement DESC, device DESC, ordinal DESC LIMIT 1);

-- name: band_beside
-- The rows between which a band's would lie.
SELECT * FROM (SELECT band, body, digest FROM bands WHERE band >= ? ORDER BY band LIMIT 1)
UNION ALL SELECT * FROM (SELECT band, body, digest FROM bands WHERE band < ? ORDER BY band DESC LIMIT 1);

-- name: kept_beside
-- The rows between which a small thing would lie.
SELECT * FROM (
    SELECT CAST(kind AS BLOB), CAST(key AS BLOB), body, digest FROM kept
    WHERE (kind, key) >= (?, ?) ORDER BY kind, key LIMIT 1)
UNION ALL SELECT * FROM (
    SELECT CAST(kind AS BLOB), CAST(key AS BLOB), body, digest FROM kept
    WHERE (kind, key) < (?, ?) ORDER BY kind DESC, key DESC LIMIT 1);
