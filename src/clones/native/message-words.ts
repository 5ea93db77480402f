/**
 * Words that Postgres's own messages are made of: those that occur at least five times among the texts of its server program, 18.4. What a message
 * says in other words may come from a row.
 */
export const MESSAGE_WORDS: ReadonlySet<string> = new Set(
  `
  abbreviation aborted aborting accept accepting access acquired action actions active actual add added adding address administrator
  affix after aggregate aggregates ahead algorithm all allocate allowed already alter ambiguous analyze and another any appear appears
  applied apply archive are argument arguments array arrays assign assignment associated attach attempted attribute authentication
  automatic autovacuum available avoid backend background backup base because been before begin behavior being belonging below between
  big binary bind bit bitmapset bits block blocks bogus boolean bootstrap both bound bounds btree buffer buffers build building but
  byte bytea bytes cache cached call callback callbacks called calls can cancel canceling cancelling cannot cardinality cascades cast
  catalog certificate chain change changed changes channel char character characters check checkpoint checksum child chunk class
  clause clauses cleaning cleanup client clientcert close closed cluster code collation collations column columns command commands
  commit committed commutator compare comparison compatible complete composite compression concurrent concurrently condition
  conditions conf configuration configured conflict conflicting conflicts connect connection connections consistent constant
  constraint constraints contain containing contains context control conversion convert copy corrupt corrupted could count create
  created creating creation cross cumulative current currently cursor custom cutoff cxt cycle data database date datetime dead
  deadlock death decimal declared decoding deduplication default define defined definition delete deleted denied depend dependency
  depends depth descriptor destination detach detected determine device dictionary did different digit dimensional dimensions direct
  directory disabled disk division document does doesn domain domains done down drop dropped due duplicate duration during dynamic
  edge elapsed element elements empty enable enabled encode encoding encryption end ended ending ends enough entries entry enum equal
  equality error escape estimator event events exceeded exceeds exclusion execute executed executing exhausted exist existing exists
  exit exited expected expression expressions extend extended extension external extra failed failure failures false family fetch few
  field file files filter final find finished fired flag flags flight flush following for foreign fork format formats found frame free
  from frozen fsync full function functions generate generated generation get got granted greater grouping handle handler has hash
  hashtable have header heap held here hexadecimal high history host hosted hypothetical ident identifier identifiers identify
  identity idle ignored ignoring image implement implemented implicit implied import improper incompatibility incompatible incomplete
  inconsistent incorrect incremental index indexes inet infinite infinity info information inherit inheritance inherited inherits init
  initial initialize initialized inner input insert inserting inside instead insufficient integer internal interval into invalid
  invisible item items its join json jsonb jsonpath key keys kind label language large last latch launcher leaf least left length less
  level lexeme library limit line link links list lists literal lld load loaded local locale locate location lock log logical long
  longer lookup lost lower magic make malformed manager manifest many map mapped mapping mark marked mask match matched matching
  materialized max maximum may member members membership memory merge merging message method minimum mismatch misplaced missing mode
  modified modifier modify modifying modulus monitoring more most move mstype multi multidimensional multiple multirange multixact
  must name named names namespace near negative negator neither nested new newline next node non nondeterministic nor not nothing
  notice now null nulls number numeric object objects off offset offsets oid old oldest once one only open operand operation
  operations operator operators opfamily option options order ordered ordering origin other out outer output outside overflow own
  owned owner packet page pages parallel parameter parameters parent parse parser parsing part partition partitioned pass passed
  password past path pathkeys pending per perform performing permanent permission permissions phase physical pinned pipe plan planned
  plugin point pointer points policy port portal position possible posting postmaster precision predicates prepare prepared previous
  primary private privilege privileges procedure process processing progress promotion protocol provided provider pseudo publication
  publisher query queue quota random range reached read reading ready receive received recheck recognized record recovery recursion
  recursive redo redundant refer reference referenced references referencing register registered regular reindex reindexed rel
  relation relations relcache release releasing relfilenumber relfrozenxid relid remote removable remove removed removing rename
  renamed replica replication request requested required requires reserved resource response restart restore restricted result return
  returned returning revoked rewrite rewritten right role roles root routine row rows rule rules run running same savepoint scalar
  scan scanner scanning scans schema schemas script search second seconds security see seek segment segments selected selectivity send
  sending sequence serializable serialize serially server session sessions set setting shared shell short should shutdown shutting
  sibling side signal signature single size sizes skip skipped skipping slot slots small smallint snapshot snapshots socket some sort
  sorting source space special specification specified specify split splitting stack standby start started starting startup stat state
  statement statements statistics stats status step still stop stopping storage store stored strategy streaming string strings struct
  structure sub subplan subquery subscript subscription subtransaction subtype superuser supplied support supported symbolic sync
  synchronization synchronize synchronous syntax system table tables tablesample tablespace take tape target targetlist template
  temporary term terminated terminating text than that the there thesaurus this threshold tid time timeline timeout times timestamp
  toast together token too top total transaction transactions transform transition translate tree trigger triggered triggers true
  truncate truncated truncation trying tsquery tsvector tuple tuples tuplestore twice two type typed types typmod underflow unexpected
  unexpectedly unicode unique unknown unlogged unnamed unrecognized unsafe unsupported unterminated until update updated updating
  upgrade upper use used user uses using vacuum vacuumed vacuuming valid validating validator value values var varattno variable
  variables variadic verification verify verifying version versions via view views violated violates virtual visible volatile wait
  waiting walreceiver warning was weight were when where which while whole will window with within without word worker workers would
  wraparound wrapper write writing wrong xid xlog xmax xmin yet zero zone
`
    .trim()
    .split(/\s+/),
)
