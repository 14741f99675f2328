package io.solaster.engine.transport;

import io.netty.channel.IoHandle;

/**
 * A channel's side towards a transport that is none of Netty's, whose events say one thing only: the channel is to look for
 * itself what has become possible.
 */
@SuppressWarnings("try") // what a channel closes may be interrupted
public interface ReadyIoHandle extends IoHandle {}
