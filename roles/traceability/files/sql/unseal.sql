-- Hand the records back to the application's account, so that it can migrate them; seal.sql follows the migration.
ALTER TABLE tracing_event OWNER TO traceability;
ALTER TABLE tracing_lot OWNER TO traceability;
ALTER TABLE tracing_picture OWNER TO traceability;
ALTER FUNCTION tracing_refuse() OWNER TO traceability;
ALTER FUNCTION tracing_event_insert() OWNER TO traceability;
ALTER FUNCTION tracing_event_delete() OWNER TO traceability;
ALTER FUNCTION tracing_lot_change() OWNER TO traceability;
ALTER SCHEMA public OWNER TO pg_database_owner;
