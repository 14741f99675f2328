/**
 * Serves HTTP to the connections of a TCP server: {@link io.solaster.http.server.HttpProtocol}, which applications make of
 * their handler and give to {@link io.solaster.engine.net.TcpServer}. It stands above all other packages of HTTP, and none
 * of them knows it. What runs on which thread stands with it.
 */
@NullMarked
package io.solaster.http.server;

import org.jspecify.annotations.NullMarked;
