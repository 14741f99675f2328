/**
 * Who may do what: users with their passwords and rules, and what was refused to them. It knows commands by their numbers and
 * names only ({@link io.solaster.store.acl.Catalogue}), so that all other rooms may stand on it. Users change on shard 0 alone;
 * any thread may ask.
 */
@Internal
@NullMarked
package io.solaster.store.acl;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
