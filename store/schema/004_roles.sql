-- Who may what, beside the app, which owns these tables: sasrec_dbt reads them and writes
-- the schema marts; sasrec_reports reads the marts. Both are groups, without login: GRANT
-- them to people. Whoever runs this gets both, and marts at the end of its search_path.
-- Roles belong to the whole server and may be the business of others there: what this role
-- may not do is left to them (docs/marts.md has the statements), and nothing else depends
-- on it.
DO $$
DECLARE
    step text;
BEGIN
    FOREACH step IN ARRAY ARRAY [
        'CREATE ROLE sasrec_dbt NOLOGIN',
        'CREATE ROLE sasrec_reports NOLOGIN',
        'GRANT sasrec_dbt, sasrec_reports TO CURRENT_USER',
        format ('GRANT USAGE ON SCHEMA %I TO sasrec_dbt', current_schema ()),
        'GRANT SELECT ON interactions, predictions, items TO sasrec_dbt',
        'CREATE SCHEMA marts AUTHORIZATION sasrec_dbt',
        'GRANT USAGE ON SCHEMA marts TO sasrec_reports',
        format ('ALTER ROLE CURRENT_USER IN DATABASE %I SET search_path = %s, marts',
            current_database (), (SELECT reset_val FROM pg_settings WHERE name = 'search_path'))
    ] LOOP
        BEGIN
            EXECUTE step;
        EXCEPTION
            WHEN duplicate_object OR duplicate_schema OR unique_violation THEN
                NULL; -- somebody has done it
            WHEN insufficient_privilege OR undefined_object OR invalid_schema_name
                OR invalid_grant_operation OR internal_error THEN
                RAISE NOTICE 'left to an administrator: %: %', step, SQLERRM;
        END;
    END LOOP;
END
$$;
