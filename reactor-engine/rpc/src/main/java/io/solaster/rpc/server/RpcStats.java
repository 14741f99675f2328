package io.solaster.rpc.server;

/**
 * What a server has counted since it was bound, over all shards. Read while the shards go on, so roughly.
 *
 * @param begun calls that a handler was given
 * @param running of them, those that have not ended; cancelled ones too, as long as their handler goes on
 * @param failed calls that a handler has failed
 * @param cancelled calls that nobody waited for any more before they had ended: cancelled, out of time, or of a lost connection
 * @param refused calls that were not begun for want of permits
 * @param forwarded calls that were made on another shard than the one that owns their key, and went there
 * @param violations connections that were ended since the peer broke the protocol
 * @param broken connections that were ended by a failure of the server's own, which the log tells of; 0 is right
 */
public record RpcStats(long begun, long running, long failed, long cancelled, long refused, long forwarded,
        long violations, long broken) {

    RpcStats plus(ServerCounts counts) {
        return new RpcStats(begun + counts.begun.get(), running + counts.running.get(), failed + counts.failed.get(),
                cancelled + counts.cancelled.get(), refused + counts.refused.get(),
                forwarded + counts.forwarded.get(), violations + counts.violations.get(),
                broken + counts.broken.get());
    }
}
