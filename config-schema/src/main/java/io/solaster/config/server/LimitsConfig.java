package io.solaster.config.server;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What one client, and all of them together, may take of a server.
 *
 * @param maxConnections clients connected at once, over all shards
 * @param maxConnectionsPerAddress clients of one address connected at once, over all shards, an IPv6 network of 64 bits counting as
 *            one address; 0 for any. Not asked of Unix domain sockets; where a trusted proxy says whose a connection is, that
 *            address counts
 * @param idleTimeout how long a client may be silent before it is disconnected; 0 for ever
 * @param outputBuffer bytes of replies that a client has not read above which it is disconnected
 * @param maxArguments the most arguments of one command
 * @param maxBulk the longest argument of a command
 * @param maxInline the longest command in one line
 * @param commandsPerTurn commands of one connection that run before other connections have their turn
 * @param bytesPerTurn bytes read from one connection before other connections have their turn
 * @param subscribers what a client that has subscribed to channels may take
 */
public record LimitsConfig(@DefaultValue("10000") @Range(min = 1) int maxConnections,
        @DefaultValue("0") @Range(min = 0) int maxConnectionsPerAddress,
        @DefaultValue("0s") Duration idleTimeout, @DefaultValue("64MB") ByteSize outputBuffer,
        @DefaultValue("1048576") @Range(min = 1, max = 1 << 20) int maxArguments,
        @DefaultValue("512MB") ByteSize maxBulk, @DefaultValue("64KB") ByteSize maxInline,
        @DefaultValue("1024") @Range(min = 1) int commandsPerTurn, @DefaultValue("64KB") ByteSize bytesPerTurn,
        @NestedConfigurationProperty @DefaultValue SubscriberConfig subscribers) {

    /** What an empty configuration gives. */
    public static LimitsConfig defaults() {
        return new LimitsConfig(10_000, 0, Duration.ZERO, new ByteSize(64L << 20), 1 << 20, new ByteSize(512L << 20),
                new ByteSize(64L << 10), 1024, new ByteSize(64L << 10), SubscriberConfig.defaults());
    }

    /** This with another number of clients. */
    public LimitsConfig withMaxConnections(int newMaxConnections) {
        return new LimitsConfig(newMaxConnections, maxConnectionsPerAddress, idleTimeout, outputBuffer, maxArguments,
                maxBulk, maxInline,
                commandsPerTurn, bytesPerTurn, subscribers);
    }

    /** This with another number of clients of one address; 0 for any. */
    public LimitsConfig withMaxConnectionsPerAddress(int newMaxConnectionsPerAddress) {
        return new LimitsConfig(maxConnections, newMaxConnectionsPerAddress, idleTimeout, outputBuffer, maxArguments,
                maxBulk,
                maxInline, commandsPerTurn, bytesPerTurn, subscribers);
    }

    /** This with another time that clients may be silent. */
    public LimitsConfig withIdleTimeout(Duration newIdleTimeout) {
        return new LimitsConfig(maxConnections, maxConnectionsPerAddress, newIdleTimeout, outputBuffer, maxArguments,
                maxBulk, maxInline,
                commandsPerTurn, bytesPerTurn, subscribers);
    }

    /** This with another limit on replies not yet read. */
    public LimitsConfig withOutputBuffer(ByteSize newOutputBuffer) {
        return new LimitsConfig(maxConnections, maxConnectionsPerAddress, idleTimeout, newOutputBuffer, maxArguments,
                maxBulk, maxInline,
                commandsPerTurn, bytesPerTurn, subscribers);
    }

    /** This with another longest argument. */
    public LimitsConfig withMaxBulk(ByteSize newMaxBulk) {
        return new LimitsConfig(maxConnections, maxConnectionsPerAddress, idleTimeout, outputBuffer, maxArguments,
                newMaxBulk, maxInline,
                commandsPerTurn, bytesPerTurn, subscribers);
    }

    /** This with other limits on subscribers. */
    public LimitsConfig withSubscribers(SubscriberConfig newSubscribers) {
        return new LimitsConfig(maxConnections, maxConnectionsPerAddress, idleTimeout, outputBuffer, maxArguments,
                maxBulk, maxInline, commandsPerTurn, bytesPerTurn, newSubscribers);
    }
}
