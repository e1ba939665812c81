-- Written by `python -m ses.storage.tables`; change ses/storage/tables.py.
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
	PRIMARY KEY (id),
	UNIQUE (session, connector)
);
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
CREATE TABLE versions (
	robot TEXT NOT NULL,
	version TEXT NOT NULL,
	at REAL NOT NULL,
	archive BLOB NOT NULL,
	PRIMARY KEY (robot, version)
);
