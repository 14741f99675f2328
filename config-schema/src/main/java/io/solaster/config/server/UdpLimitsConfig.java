package io.solaster.config.server;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What one sender of datagrams, and all of them together, may take of a server. Each shard counts by itself: the kernel
 * sends what comes from one address and port to one shard always, so a sender with many ports may reach several.
 *
 * @param packetsPerSecond datagrams that one source may send in a second; more are dropped and counted; 0 for no limit. A
 *            source is an IPv4 address, or the first 64 bits of an IPv6 address
 * @param burst datagrams that a source which was silent may send at once; 0 for those of one second
 * @param sources sources that each shard counts at the same time, a power of two; those for whom there is no room share the
 *            limit of one
 * @param packetsPerTurn datagrams received before the shard's other work has its turn
 * @param sendQueue bytes, bookkeeping included, that wait on each shard to be sent; what does not fit is dropped and counted
 */
public record UdpLimitsConfig(@DefaultValue("0") @Range(min = 0, max = 10_000_000) int packetsPerSecond,
        @DefaultValue("0") @Range(min = 0, max = 1_000_000_000) int burst,
        @DefaultValue("65536") @Range(min = 8, max = 1 << 24) int sources,
        @DefaultValue("256") @Range(min = 1) int packetsPerTurn, @DefaultValue("1MB") ByteSize sendQueue) {

    /** What an empty configuration gives. */
    public static UdpLimitsConfig defaults() {
        return new UdpLimitsConfig(0, 0, 65_536, 256, new ByteSize(1 << 20));
    }

    /** This with another limit for each source. */
    public UdpLimitsConfig withPacketsPerSecond(int newPacketsPerSecond, int newBurst) {
        return new UdpLimitsConfig(newPacketsPerSecond, newBurst, sources, packetsPerTurn, sendQueue);
    }

    /** This with another number of sources. */
    public UdpLimitsConfig withSources(int newSources) {
        return new UdpLimitsConfig(packetsPerSecond, burst, newSources, packetsPerTurn, sendQueue);
    }

    /** This with another number of datagrams received in one turn. */
    public UdpLimitsConfig withPacketsPerTurn(int newPacketsPerTurn) {
        return new UdpLimitsConfig(packetsPerSecond, burst, sources, newPacketsPerTurn, sendQueue);
    }

    /** This with another bound on what waits to be sent. */
    public UdpLimitsConfig withSendQueue(ByteSize newSendQueue) {
        return new UdpLimitsConfig(packetsPerSecond, burst, sources, packetsPerTurn, newSendQueue);
    }
}
