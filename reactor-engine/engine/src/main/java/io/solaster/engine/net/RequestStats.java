package io.solaster.engine.net;

import java.util.List;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import io.solaster.engine.Shard;
import io.solaster.engine.stats.Histogram;
import io.solaster.engine.trace.TracedServer;

/**
 * How long the requests of one server took on one shard, and what became of them. A protocol that tells requests apart
 * records them; one that does not leaves both empty. Written by the shard, read by any thread.
 */
public final class RequestStats implements TracedServer {
    /** Of a listening socket: an attribute of each connection would take as much as all else that the engine keeps of one. */
    private static final AttributeKey<List<RequestStats>> KEY = AttributeKey.valueOf(RequestStats.class, "requests");

    /** Nanoseconds from reading a request to writing its answer; requests read at once count as equally long. */
    public final Histogram succeeded = new Histogram();
    /** The same of requests that were answered with an error. */
    public final Histogram failed = new Histogram();

    private final String server;
    private final String protocol;

    /**
     * Nothing yet.
     *
     * @param server whose requests they are: the key below {@code solaster.servers}
     * @param protocol what it speaks
     */
    public RequestStats(String server, String protocol) {
        this.server = server;
        this.protocol = protocol;
    }

    /** Whose requests they are: the key below {@code solaster.servers}. */
    @Override
    public String server() {
        return server;
    }

    /** What that speaks, such as {@code resp}. */
    @Override
    public String protocol() {
        return protocol;
    }

    /**
     * Where the requests of a connection are recorded. On the shard that owns it, once {@link ConnectionHandler#connected}
     * is called.
     *
     * @throws IllegalArgumentException if the channel is no connection of a {@link TcpServer}
     */
    public static RequestStats of(Channel connection) {
        Channel listening = connection.parent();
        List<RequestStats> stats = listening == null ? null : listening.attr(KEY).get();
        if (stats == null) {
            throw new IllegalArgumentException(connection + " is no connection of a server; take one that a TcpServer"
                    + " hands to its ConnectionHandler");
        }
        return stats.get(((Shard) connection.eventLoop()).id());
    }

    /** Has the connections that a socket accepts counted, on whichever shard they are served. */
    static void countFor(Channel listening, List<RequestStats> ofShards) {
        listening.attr(KEY).set(ofShards);
    }

    /**
     * Requests have been answered, all of them in the same time. On the shard.
     *
     * @param nanos from reading the first to writing the last answer
     * @param answered how many, those with an error included
     * @param errors how many of them with an error
     */
    public void answered(long nanos, long answered, long errors) {
        if (answered > errors) {
            succeeded.record(nanos, answered - errors);
        }
        if (errors > 0) {
            failed.record(nanos, Math.min(errors, answered));
        }
    }
}
