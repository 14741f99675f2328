package io.solaster.spring.web;

import io.solaster.http.websocket.WebSockets;

/**
 * WebFlux's WebSocket connections. Apart from the application's own {@link WebSockets}, whose broadcasts are not for them.
 *
 * @param sockets opens and counts them
 */
public record WebFluxSockets(WebSockets sockets) {}
