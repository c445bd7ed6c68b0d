-- The records are append-only: the database refuses everything else, whoever asks. Run by migration 0002, and again by the
-- role when it seals the tables; each statement may be run over and over.
CREATE OR REPLACE FUNCTION tracing_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    RAISE EXCEPTION 'records are append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', HINT = 'Record a correction that refers to the entry.';
END $$;

CREATE OR REPLACE FUNCTION tracing_event_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    test boolean;
BEGIN
    SELECT is_test INTO STRICT test FROM tracing_lot WHERE id = NEW.lot_id;
    IF NEW.chain <> (CASE WHEN test THEN 'test-' || NEW.lot_id ELSE 'live' END) THEN
        RAISE EXCEPTION 'an event of lot % does not belong to chain %', NEW.lot_id, NEW.chain
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.corrects_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM tracing_event WHERE id = NEW.corrects_id AND lot_id = NEW.lot_id) THEN
        RAISE EXCEPTION 'a correction refers to an event of its own lot'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION tracing_event_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tracing_lot WHERE id = OLD.lot_id AND is_test) THEN
        RAISE EXCEPTION 'records are append-only: DELETE on tracing_event is refused'
            USING ERRCODE = 'integrity_constraint_violation', HINT = 'Only a test lot and its events can be removed.';
    END IF;
    RETURN OLD;
END $$;

CREATE OR REPLACE FUNCTION tracing_lot_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.is_test THEN
            RETURN OLD;
        END IF;
    ELSIF (NEW.id, NEW.gtin, NEW.lot, NEW.serial, NEW.is_test, NEW.created_at)
        = (OLD.id, OLD.gtin, OLD.lot, OLD.serial, OLD.is_test, OLD.created_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'records are append-only: % of lot % is refused', TG_OP, OLD.id
        USING ERRCODE = 'integrity_constraint_violation', HINT = 'Identity and test mark of a lot are given once.';
END $$;

CREATE OR REPLACE TRIGGER event_insert BEFORE INSERT ON tracing_event FOR EACH ROW EXECUTE FUNCTION tracing_event_insert();
CREATE OR REPLACE TRIGGER event_update BEFORE UPDATE ON tracing_event FOR EACH ROW EXECUTE FUNCTION tracing_refuse();
CREATE OR REPLACE TRIGGER event_delete BEFORE DELETE ON tracing_event FOR EACH ROW EXECUTE FUNCTION tracing_event_delete();
CREATE OR REPLACE TRIGGER event_truncate BEFORE TRUNCATE ON tracing_event FOR EACH STATEMENT EXECUTE FUNCTION tracing_refuse();
CREATE OR REPLACE TRIGGER lot_change BEFORE UPDATE OR DELETE ON tracing_lot FOR EACH ROW EXECUTE FUNCTION tracing_lot_change();
CREATE OR REPLACE TRIGGER lot_truncate BEFORE TRUNCATE ON tracing_lot FOR EACH STATEMENT EXECUTE FUNCTION tracing_refuse();
CREATE OR REPLACE TRIGGER picture_change BEFORE UPDATE OR DELETE ON tracing_picture FOR EACH ROW EXECUTE FUNCTION tracing_refuse();
CREATE OR REPLACE TRIGGER picture_truncate BEFORE TRUNCATE ON tracing_picture FOR EACH STATEMENT EXECUTE FUNCTION tracing_refuse();
