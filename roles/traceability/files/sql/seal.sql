-- Hand the records and what guards them to the superuser: the application's account may read and append, no more.
-- DELETE is granted for test lots; the triggers refuse it for all others. Follows append_only.sql in one transaction.
ALTER TABLE tracing_event ENABLE TRIGGER USER;
ALTER TABLE tracing_lot ENABLE TRIGGER USER;
ALTER TABLE tracing_picture ENABLE TRIGGER USER;
ALTER TABLE tracing_event OWNER TO postgres;
ALTER TABLE tracing_lot OWNER TO postgres;
ALTER TABLE tracing_picture OWNER TO postgres;
ALTER FUNCTION tracing_refuse() OWNER TO postgres;
ALTER FUNCTION tracing_event_insert() OWNER TO postgres;
ALTER FUNCTION tracing_event_delete() OWNER TO postgres;
ALTER FUNCTION tracing_lot_change() OWNER TO postgres;
-- A database's owner owns its schema public, and a schema's owner can drop what is in it.
ALTER SCHEMA public OWNER TO postgres;
GRANT USAGE, CREATE ON SCHEMA public TO traceability;
REVOKE ALL ON tracing_event, tracing_lot, tracing_picture FROM PUBLIC, traceability;
GRANT SELECT, INSERT, DELETE ON tracing_event TO traceability;
GRANT SELECT, INSERT, UPDATE, DELETE ON tracing_lot TO traceability;
GRANT SELECT, INSERT ON tracing_picture TO traceability;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO traceability;
