package io.solaster.log;

import io.solaster.engine.Shard;

/**
 * Takes the records of one log when it is opened. In a Spring application a bean of this type does so for the log that it names.
 */
public interface LogRecords {

    /** The log's name, as below {@code solaster.logs}. */
    String log();

    /** Takes the records of a shard, the oldest first. Asked on that shard, before the application is ready. */
    RecordConsumer of(Shard shard);
}
