/**
 * The commands about connections, the server and who may do what: they touch no keys. They are told of the table of commands by
 * the store ({@link io.solaster.store.shard.Parts#commands}), and their entries stand in the tables of the room above, which
 * alone enters here. On the shard of the client; what concerns all shards is asked of them by messages.
 */
@Internal
@NullMarked
package io.solaster.store.command.admin;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;
