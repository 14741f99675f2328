package io.solaster.pool;

import java.net.InetAddress;
import java.util.List;

import io.solaster.engine.ShardFuture;

/** Finds the addresses of a host. Any shard; it never blocks. */
@FunctionalInterface
public interface Resolver {

    /**
     * The addresses of a host, in the order in which they are to be tried.
     *
     * @param host a name, or an address, which is its own answer
     * @return at least one, on the shard that asked; failed with {@link java.net.UnknownHostException} if there is none
     */
    ShardFuture<List<InetAddress>> resolve(String host);
}
