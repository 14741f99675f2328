package io.solaster.config;

import java.time.Duration;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What one client, and all of them together, may take of a server.
 *
 * @param maxConnections clients connected at once, over all shards
 * @param idleTimeout how long a client may be silent before it is disconnected; 0 for ever
 * @param outputBuffer replies that a client has not read yet above which it is disconnected
 * @param maxArguments arguments of one command
 * @param maxBulk the longest argument
 * @param maxInline the longest command in one line
 * @param commandsPerTurn commands of one connection that run before other connections have their turn
 * @param bytesPerTurn bytes read from one connection before other connections have their turn
 */
public record LimitsConfig(@DefaultValue("10000") @Min(1) int maxConnections, @DefaultValue("0s") Duration idleTimeout,
        @DefaultValue("64MB") ByteSize outputBuffer, @DefaultValue("1048576") @Min(1) @Max(1 << 20) int maxArguments,
        @DefaultValue("512MB") ByteSize maxBulk, @DefaultValue("64KB") ByteSize maxInline,
        @DefaultValue("1024") @Min(1) int commandsPerTurn, @DefaultValue("64KB") ByteSize bytesPerTurn) {}
