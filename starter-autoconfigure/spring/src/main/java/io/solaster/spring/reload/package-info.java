/**
 * Reads the configuration, checks it, watches its files and puts changes in force while the application runs. Applications
 * may ask {@code ConfigReloader} and {@code ConfigCheck}, and give a {@code ReloadPart}. On the thread that reloads; no shard may
 * call, since files are read.
 */
@NullMarked
package io.solaster.spring.reload;

import org.jspecify.annotations.NullMarked;
