package io.solaster.spring;

import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigDiff;

/**
 * The event that a changed configuration is in force on every shard. Listeners run on the thread that reloads.
 *
 * @param diff what has changed; all of it without a restart
 * @param config what is in force now
 */
public record SolasterConfigChanged(ConfigDiff diff, SolasterConfig config) {}
