-- Each of the small indexes on what is pending serves one kind of question, told by how it
-- says "pending" (store/pending.h). With one predicate for both the planner saw no
-- difference between them, and walked through the wrong one as a whole: cheap, until a
-- transaction that stays open keeps the entries of rows that have ended.
DROP INDEX IF EXISTS predictions_deadline;
CREATE INDEX predictions_deadline ON predictions (deadline)
    WHERE starts_with (status, 'PENDING');
