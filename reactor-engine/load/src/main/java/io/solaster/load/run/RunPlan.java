package io.solaster.load.run;

import java.time.Duration;
import java.util.List;

import io.solaster.load.protocol.Call;
import io.solaster.load.protocol.Target;
import io.solaster.load.schedule.Schedule;
import org.jspecify.annotations.Nullable;

/**
 * What every shard is told. Immutable.
 *
 * @param target where connections go to; null where {@code call} stands for them
 * @param call what is called instead of a protocol
 * @param schedule when requests are due
 * @param connections of all shards together
 * @param outstanding most requests that may be under way or wait for room, of all shards together
 * @param timeout how long a request is waited for
 * @param warmUp requests that are due earlier are sent and not recorded
 * @param length how long requests are recorded
 * @param interval of the figures over time
 * @param steps requests of a session, each of which depends on the answer to the one before
 * @param expected how long after one request of a session the next is due
 * @param reconnects how often in a row a connection is tried again
 * @param seed what all chance is drawn from
 */
public record RunPlan(@Nullable Target target, @Nullable Call call, Schedule schedule, int connections, int outstanding,
        Duration timeout, Duration warmUp, Duration length, Duration interval, int steps, Duration expected,
        int reconnects, long seed) {

    /** What was recorded to be sent, as bytes. */
    List<byte[]> recorded() {
        Target to = target;
        return to == null ? List.of() : schedule.recorded().stream().map(to.protocol()::recorded).toList();
    }
}
