package io.solaster.config;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The lanes between shards.
 *
 * @param laneCapacity messages that the ring of one lane holds; a power of two
 * @param highWaterMark messages waiting in one lane above which the connections that feed it stop reading
 */
public record MeshConfig(@DefaultValue("1024") @Min(2) @Max(1 << 20) int laneCapacity,
        @DefaultValue("4096") @Min(1) @Max(1 << 24) int highWaterMark) {}
