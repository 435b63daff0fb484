BEGIN TRANSACTION;
CREATE TABLE account (
	guid VARCHAR NOT NULL,
	address VARCHAR NOT NULL,
	is_enabled BOOLEAN NOT NULL,
	document TEXT NOT NULL,
	CONSTRAINT pk_account PRIMARY KEY (guid)
);
INSERT INTO "account" VALUES('anna','anna@example.com',1,'{"format":1,"user":{"guid":"anna","email":"anna@example.com","name":"","zone":"UTC","is_active":true,"default_type":""},"is_enabled":true,"address":"anna@example.com","state":"off","reason":"","stage":"listing","enabled_at":"2026-03-02T09:30:00Z","cursor":"token","last_synced_at":"2026-03-02T09:30:00Z","attempts":0,"done":0,"total":0}');
INSERT INTO "account" VALUES('bo','bo@example.com',0,'{"format":1,"user":{"guid":"bo","email":"bo@example.com","name":"","zone":"UTC","is_active":true,"default_type":""},"is_enabled":false,"address":"","state":"off","reason":"","stage":"listing","attempts":0,"done":0,"total":0}');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE claim (
	link_id VARCHAR NOT NULL,
	side VARCHAR NOT NULL,
	deed VARCHAR NOT NULL,
	user VARCHAR NOT NULL,
	ref VARCHAR NOT NULL,
	CONSTRAINT pk_claim PRIMARY KEY (link_id, side, deed, user, ref),
	CONSTRAINT fk_claim_link_id FOREIGN KEY(link_id) REFERENCES link (id) ON DELETE CASCADE
)
 WITHOUT ROWID
;
INSERT INTO "claim" VALUES('one','severa','create','anna','');
CREATE TABLE copy (
	link_id VARCHAR NOT NULL,
	user VARCHAR NOT NULL,
	ref VARCHAR NOT NULL,
	uid VARCHAR NOT NULL,
	CONSTRAINT pk_copy PRIMARY KEY (link_id, user),
	CONSTRAINT fk_copy_link_id FOREIGN KEY(link_id) REFERENCES link (id) ON DELETE CASCADE
)
 WITHOUT ROWID
;
INSERT INTO "copy" VALUES('one','anna','event-one','event-one@google.com');
INSERT INTO "copy" VALUES('two','bo','event-two','event-two@google.com');
CREATE TABLE history (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	at DATETIME NOT NULL,
	entry VARCHAR NOT NULL,
	user VARCHAR NOT NULL,
	side VARCHAR NOT NULL,
	action VARCHAR NOT NULL,
	cause VARCHAR NOT NULL,
	rule VARCHAR NOT NULL,
	fields TEXT NOT NULL
);
INSERT INTO "history" VALUES(1,'2026-03-02 09:30:00.000000','one','anna','google','changed','push','D1','{"format":1,"fields":{"title":{"before":"Kick-off","after":"Start"}}}');
INSERT INTO "history" VALUES(2,'2026-03-02 09:30:00.000000','two','bo','google','removed','push','D1','{"format":1,"fields":{"title":{"before":"Kick-off","after":"Start"}}}');
CREATE TABLE link (
	id VARCHAR NOT NULL,
	activity_ref VARCHAR,
	owner VARCHAR NOT NULL,
	is_linked BOOLEAN NOT NULL,
	stand VARCHAR NOT NULL,
	starts_at DATETIME,
	ends_at DATETIME,
	due_at DATETIME,
	attempts INTEGER NOT NULL,
	problem VARCHAR NOT NULL,
	cause VARCHAR NOT NULL,
	noticed_at DATETIME,
	looked_at DATETIME,
	document TEXT NOT NULL,
	CONSTRAINT pk_link PRIMARY KEY (id),
	CONSTRAINT uq_link_activity_ref UNIQUE (activity_ref)
);
INSERT INTO "link" VALUES('one','activity-one','anna',1,'set-aside','2026-03-02 09:30:00.000000','2026-03-02 10:30:00.000000','2026-03-02 09:30:00.000000',3,'refused','poll','2026-03-02 09:29:00.000000','2026-03-02 09:30:00.000000','{"format":1,"id":"one","born":"severa","activity":{"ref":"activity-one","user":"anna","entry":{"title":"Kick-off","when":{"start":"2026-03-02T09:30:00Z","end":"2026-03-02T10:30:00Z"},"location":"Hall","notes":"Bring the plan.","private":false},"type":"meeting","category":"CalendarEntry","has_hours":false,"is_unassigned":false,"is_bare":true,"created_at":"2026-03-02T09:30:00Z","created_by":"api","updated_at":"2026-03-02T09:30:00Z"},"copies":[{"ref":"event-one","user":"anna","entry":{"title":"Kick-off","when":{"start":"2026-03-02T09:30:00Z","end":"2026-03-02T10:30:00Z"},"location":"Hall","notes":"Bring the plan.","private":false},"uid":"event-one@google.com","version":"1","kind":"default","is_organizer":true,"is_writable":true,"mark":["activity-one","event-one"]}],"source":"anna","base":{"severa":{"title":"Kick-off","when":{"start":"2026-03-02T09:30:00Z","end":"2026-03-02T10:30:00Z"},"location":"Hall","notes":"Bring the plan.","private":false},"google":{"title":"Kick-off","when":{"start":"2026-03-02T09:30:00Z","end":"2026-03-02T10:30:00Z"},"location":"Hall","notes":"Bring the plan.","private":false},"type":"meeting","is_masked":false},"claims":[{"side":"severa","deed":"create","made_at":"2026-03-02T09:30:00Z","values":{"title":"Kick-off","when":{"start":"2026-03-02T09:30:00Z","end":"2026-03-02T10:30:00Z"},"location":"Hall","notes":"Bring the plan.","private":false},"takes_in":{},"ref":"","user":"anna","since":"2026-03-02T09:30:00Z","version":"","is_checked":false}],"standing":{"stand":"set-aside","reason":"read only"},"generation":1,"doubted":["severa"]}');
INSERT INTO "link" VALUES('two',NULL,'bo',0,'live',NULL,NULL,NULL,0,'','',NULL,'2026-03-02 09:30:00.000000','{"format":1,"id":"two","born":"severa","copies":[{"ref":"event-two","user":"bo","entry":{"title":"Kick-off","when":{"first":"2026-03-02","until":"2026-03-04"},"location":"Hall","notes":"Bring the plan.","private":false},"uid":"event-two@google.com","version":"","kind":"default","is_organizer":true,"is_writable":true}],"source":"bo","base":{"severa":"absent","google":{"title":"Kick-off","when":{"first":"2026-03-02","until":"2026-03-04"},"location":"Hall","notes":"Bring the plan.","private":false},"type":"","is_masked":false},"claims":[],"standing":{"stand":"live","reason":""},"generation":0,"doubted":[]}');
CREATE TABLE secret (
	name VARCHAR NOT NULL,
	ciphertext BLOB NOT NULL,
	CONSTRAINT pk_secret PRIMARY KEY (name)
);
CREATE TABLE settings (
	id INTEGER NOT NULL,
	document TEXT NOT NULL,
	CONSTRAINT pk_settings PRIMARY KEY (id),
	CONSTRAINT ck_settings_one_row CHECK (id = 1)
);
INSERT INTO "settings" VALUES(1,'{"format":1,"is_on":true,"selected":["meeting"],"types":[{"guid":"meeting","name":"Meeting","category":"CalendarEntry","is_active":true,"is_default":false}],"service_account":"","test_user":"","cursor":"2026-03-02T09:30:00+00:00","fault":"","api_user":"api","user_guids":["anna","bo"]}');
CREATE TABLE turn (
	user VARCHAR NOT NULL,
	due_at DATETIME NOT NULL,
	link_id VARCHAR NOT NULL,
	is_unread BOOLEAN NOT NULL,
	CONSTRAINT pk_turn PRIMARY KEY (user, due_at, link_id),
	CONSTRAINT fk_turn_link_id FOREIGN KEY(link_id) REFERENCES link (id) ON DELETE CASCADE
)
 WITHOUT ROWID
;
INSERT INTO "turn" VALUES('anna','2026-03-02 09:30:00.000000','one',1);
CREATE INDEX ix_account_address ON account (address);
CREATE UNIQUE INDEX uq_account_enabled_address ON account (address) WHERE is_enabled AND address <> '';
CREATE INDEX ix_history_at ON history (at);
CREATE INDEX ix_history_entry ON history (entry, id);
CREATE INDEX ix_history_removals ON history (at, user) WHERE action = 'removed';
CREATE INDEX ix_history_user ON history (user, id);
CREATE INDEX ix_link_attention ON link (owner, id) WHERE (problem <> '' OR stand <> 'live');
CREATE INDEX ix_link_linked ON link (owner, id) WHERE is_linked IS 1;
CREATE INDEX ix_link_living ON link (looked_at, id) WHERE activity_ref IS NOT NULL;
CREATE INDEX ix_link_looked ON link (owner, looked_at, id) WHERE activity_ref IS NOT NULL;
CREATE INDEX ix_link_owner ON link (owner, id);
CREATE INDEX ix_link_window ON link (owner, ends_at, starts_at, activity_ref) WHERE ends_at IS NOT NULL;
CREATE INDEX ix_claim_ref ON claim (ref);
CREATE INDEX ix_claim_user ON claim (side, deed, user);
CREATE INDEX ix_copy_ref ON copy (ref);
CREATE INDEX ix_copy_uid ON copy (uid);
CREATE UNIQUE INDEX uq_copy_user_ref ON copy (user, ref);
CREATE INDEX ix_turn_link_id ON turn (link_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('history',2);
COMMIT;
