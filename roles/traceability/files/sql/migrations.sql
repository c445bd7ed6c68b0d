-- The application's migrations that are applied, one name a line; nothing in a new database.
SELECT format('SELECT name FROM django_migrations WHERE app = %L', 'tracing')
WHERE to_regclass('public.django_migrations') IS NOT NULL
\gexec
