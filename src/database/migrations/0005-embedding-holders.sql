-- Who makes vectors of a model, and until when that holds without a further sign of life.
alter table pgwitness.embedding_models add column held_by text, add column held_until timestamptz;
