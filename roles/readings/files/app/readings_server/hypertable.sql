SELECT create_hypertable('reading', by_range('time', INTERVAL '7 days'), create_default_indexes => false, if_not_exists => true, migrate_data => true);
