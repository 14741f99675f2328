/**
 * Reads, checks and compares configurations: the binder over Spring's property sources, the rules that a configuration
 * must keep by itself and on a machine, keys that nobody knows, and what a change changes. Only the binder and what
 * stands behind it need Spring. Called while an application starts and when its files change, and by the operator; any
 * thread.
 */
@NullMarked
package io.solaster.config.check;

import org.jspecify.annotations.NullMarked;
