-- What differs from the sealed state, one line each; nothing when the seal is whole. Changes nothing.
SELECT 'table ' || name || ' is missing or not owned by postgres'
FROM unnest(ARRAY['tracing_event', 'tracing_lot', 'tracing_picture']) AS wanted (name)
WHERE NOT EXISTS (
    SELECT FROM pg_class WHERE oid = to_regclass('public.' || name) AND pg_get_userbyid(relowner) = 'postgres'
)
UNION ALL
SELECT 'function ' || name || ' is missing or not owned by postgres'
FROM unnest(ARRAY['tracing_refuse', 'tracing_event_insert', 'tracing_event_delete', 'tracing_lot_change']) AS wanted (name)
WHERE NOT EXISTS (
    SELECT FROM pg_proc WHERE oid = to_regproc('public.' || name) AND pg_get_userbyid(proowner) = 'postgres'
)
UNION ALL
SELECT 'schema public is not owned by postgres'
WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public' AND pg_get_userbyid(nspowner) = 'postgres')
UNION ALL
SELECT 'trigger ' || name || ' on ' || relation || ' is missing or off'
FROM (
    VALUES
    ('tracing_event', 'event_insert'), ('tracing_event', 'event_update'), ('tracing_event', 'event_delete'),
    ('tracing_event', 'event_truncate'), ('tracing_lot', 'lot_change'), ('tracing_lot', 'lot_truncate'),
    ('tracing_picture', 'picture_change'), ('tracing_picture', 'picture_truncate')
) AS wanted (relation, name)
WHERE NOT EXISTS (
    SELECT FROM pg_trigger
    WHERE tgrelid = to_regclass('public.' || relation) AND tgname = name AND tgenabled IN ('O', 'A')
)
UNION ALL
SELECT privilege_type || ' on ' || table_name || ' is granted to ' || grantee
FROM information_schema.role_table_grants
WHERE table_name IN ('tracing_event', 'tracing_lot', 'tracing_picture') AND grantee <> 'postgres'
    AND (table_name, privilege_type, grantee) NOT IN (
        ('tracing_event', 'SELECT', 'traceability'), ('tracing_event', 'INSERT', 'traceability'),
        ('tracing_event', 'DELETE', 'traceability'), ('tracing_lot', 'SELECT', 'traceability'),
        ('tracing_lot', 'INSERT', 'traceability'), ('tracing_lot', 'UPDATE', 'traceability'),
        ('tracing_lot', 'DELETE', 'traceability'), ('tracing_picture', 'SELECT', 'traceability'),
        ('tracing_picture', 'INSERT', 'traceability')
    );
