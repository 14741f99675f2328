package io.solaster.config;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One server. It listens on every shard.
 *
 * @param protocol what it speaks: 'resp'
 * @param host the address it binds to
 * @param port the port it binds to; 0 takes a free one
 * @param backlog connections that may wait to be accepted, per shard
 * @param password what clients must give to AUTH; none by default
 * @param protectedMode whether, without a password, only clients of this machine are served
 * @param limits what one client may take
 */
public record ServerConfig(@NotBlank String protocol, @DefaultValue("127.0.0.1") @NotBlank String host,
        @Min(0) @Max(65535) int port, @DefaultValue("1024") @Min(1) int backlog, @Nullable String password,
        @DefaultValue("true") boolean protectedMode, @Valid @DefaultValue LimitsConfig limits) {}
