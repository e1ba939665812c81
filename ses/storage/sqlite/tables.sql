-- Written by `python -m ses.storage.tables`; change ses/storage/tables.py.
CREATE TABLE calls (
	name TEXT NOT NULL,
	digest BLOB NOT NULL,
	at REAL NOT NULL,
	"plan" BLOB NOT NULL,
	answer BLOB,
	PRIMARY KEY (name)
)
 WITHOUT ROWID;
CREATE INDEX calls_at ON calls (at);
CREATE TABLE identities (
	identity TEXT NOT NULL,
	person TEXT NOT NULL,
	at REAL NOT NULL,
	PRIMARY KEY (identity)
)
 WITHOUT ROWID;
CREATE INDEX identities_person ON identities (person);
CREATE TABLE inbox (
	id INTEGER NOT NULL,
	session INTEGER NOT NULL,
	external_id TEXT NOT NULL,
	at REAL NOT NULL,
	turn INTEGER,
	suspicion INTEGER DEFAULT '0' NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (session, external_id)
);
CREATE INDEX inbox_at ON inbox (at);
CREATE INDEX inbox_pending ON inbox (session) WHERE turn IS NULL;
CREATE TABLE links (
	hash BLOB NOT NULL,
	session INTEGER NOT NULL,
	connector TEXT NOT NULL,
	expires REAL NOT NULL,
	PRIMARY KEY (hash)
)
 WITHOUT ROWID;
CREATE INDEX links_expires ON links (expires);
CREATE INDEX links_session ON links (session);
CREATE TABLE meta (
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (name)
)
 WITHOUT ROWID;
CREATE TABLE outbox (
	session INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	turn INTEGER NOT NULL,
	at REAL NOT NULL,
	state SMALLINT NOT NULL,
	body BLOB NOT NULL,
	masked BLOB,
	PRIMARY KEY (session, seq)
)
 WITHOUT ROWID;
CREATE INDEX outbox_at ON outbox (at);
CREATE INDEX outbox_pending ON outbox (session, seq) WHERE state = 0;
CREATE TABLE pipeline_version (
	version_num TEXT NOT NULL,
	PRIMARY KEY (version_num)
)
 WITHOUT ROWID;
CREATE TABLE sessions (
	id INTEGER NOT NULL,
	connector TEXT NOT NULL,
	session TEXT NOT NULL,
	robot TEXT NOT NULL,
	turn INTEGER DEFAULT '0' NOT NULL,
	seq INTEGER DEFAULT '0' NOT NULL,
	private BOOLEAN DEFAULT false NOT NULL,
	created REAL NOT NULL,
	touched REAL NOT NULL,
	expires REAL NOT NULL,
	pinned TEXT DEFAULT '' NOT NULL,
	key_hash BLOB,
	state BLOB,
	user TEXT DEFAULT '' NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (session, connector)
);
CREATE INDEX sessions_user ON sessions (user) WHERE user != '';
CREATE TABLE traces (
	session INTEGER NOT NULL,
	turn INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (session, turn)
)
 WITHOUT ROWID;
CREATE TABLE user_values (
	robot TEXT NOT NULL,
	user TEXT NOT NULL,
	name TEXT NOT NULL,
	value BLOB NOT NULL,
	PRIMARY KEY (robot, user, name)
)
 WITHOUT ROWID;
CREATE INDEX user_values_phone ON user_values (robot, value) WHERE value >= x'222B' AND value < x'222C' AND length(value) < 20;
CREATE TABLE versions (
	robot TEXT NOT NULL,
	version TEXT NOT NULL,
	at REAL NOT NULL,
	archive BLOB NOT NULL,
	PRIMARY KEY (robot, version)
);
