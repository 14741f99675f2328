/**
 * Topics for Spring code: listeners, the template, messages and their headers, observations. Listeners run on shards; all else
 * may be called by any thread.
 */
@NullMarked
package io.solaster.spring.topic;

import org.jspecify.annotations.NullMarked;
