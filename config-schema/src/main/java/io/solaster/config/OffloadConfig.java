package io.solaster.config;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The threads for work that blocks.
 *
 * @param threads how many
 * @param queueCapacity how many calls may wait for a thread before further ones are refused
 */
public record OffloadConfig(@DefaultValue("4") @Min(1) @Max(1024) int threads,
        @DefaultValue("1024") @Min(1) @Max(1 << 20) int queueCapacity) {}
