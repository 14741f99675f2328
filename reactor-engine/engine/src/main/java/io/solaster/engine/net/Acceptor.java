package io.solaster.engine.net;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;

import io.solaster.engine.Shard;
import io.solaster.engine.net.accept.AcceptPolicies;
import io.solaster.engine.net.accept.AcceptPolicy;
import io.solaster.engine.net.accept.ShardLoads;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.stats.Utilization;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * One shard that accepts for others: asks the policy, and counts what it gives to whom. Several accept at once, so each has counts
 * of its own, which the others read; an owner's sum is theirs together. On its shard, but for the counts.
 */
final class Acceptor implements ShardLoads {
    private static final Logger log = LoggerFactory.getLogger(TcpServer.class);
    private static final VarHandle GIVEN = MethodHandles.arrayElementVarHandle(long[].class);

    private final TcpServer server;
    private final Shard shard;
    private final List<Listener> listeners;
    private final AcceptPolicy policy;
    private final long[] given;
    private final @Nullable Utilization[] utilizations;
    private final Counter failures = new Counter();
    private final QuietLog failed = new QuietLog(log, Level.ERROR);

    /** @param listeners of all shards, by number; complete before the first connection */
    Acceptor(TcpServer server, Shard shard, List<Listener> listeners, AcceptPolicy policy, int shards) {
        this.server = server;
        this.shard = shard;
        this.listeners = listeners;
        this.policy = policy;
        this.given = new long[shards];
        this.utilizations = new Utilization[shards];
    }

    /** Who owns the next connection; null where nobody may. */
    @Nullable
    Listener owner() {
        int wanted = wanted();
        if (wanted >= 0 && takes(wanted)) {
            return listeners.get(wanted);
        }
        Listener self = listeners.get(shard.id());
        if (!self.isRetired()) {
            // What stays waits in no queue.
            return self;
        }
        int least = AcceptPolicies.least(this);
        return takes(least) ? listeners.get(least) : null;
    }

    /** What the policy says; -1 where that is of no use. */
    private int wanted() {
        int wanted;
        try {
            wanted = policy.owner(this);
        } catch (Throwable failure) {
            failures.increment();
            failed.tell("Server '{}': the accept policy {} threw; the connection is placed without it", server.name(),
                    policy,
                    failure);
            return -1;
        }
        if (wanted < 0 || wanted >= listeners.size()) {
            failures.increment();
            failed.tell("Server '{}': the accept policy {} named shard {}, which is not there; the connection is placed"
                    + " without it", server.name(), policy, wanted);
            return -1;
        }
        if (listeners.get(wanted).isRetired()) {
            failures.increment();
            failed.tell(
                    "Server '{}': the accept policy {} named shard {}, which takes no more connections; the connection is"
                            + " placed without it",
                    server.name(), policy, wanted);
            return -1;
        }
        return wanted;
    }

    /** A connection goes to a shard; or, by -1, it does not after all. */
    void gives(int owner, int connections) {
        GIVEN.setOpaque(given, owner, given[owner] + connections);
    }

    /** Times that the policy was of no use. Any thread. */
    long failures() {
        return failures.get();
    }

    /** Any thread. */
    @Override
    public long given(int owner) {
        return (long) GIVEN.getOpaque(given, owner);
    }

    @Override
    public int shards() {
        return listeners.size();
    }

    @Override
    public int acceptor() {
        return shard.id();
    }

    @Override
    public boolean everyShardAccepts() {
        return server.acceptsOnEveryShard();
    }

    @Override
    public boolean takes(int owner) {
        Listener listener = listeners.get(owner);
        return !listener.isRetired() && listener.underWay() < server.config().backlog();
    }

    @Override
    public long connections(int owner) {
        return listeners.get(owner).connections();
    }

    @Override
    public double utilization(int owner) {
        Utilization made = utilizations[owner];
        if (made == null) {
            made = new Utilization(listeners.get(owner).shard().stats(), shard.environment().clock());
            utilizations[owner] = made;
        }
        return made.get();
    }
}
