package org.espalier.backend;

import org.jspecify.annotations.Nullable;

/**
 * The gradient of a tensor x {@code [rows, C]}, written out or as the rule that makes it: behind a
 * batch normalisation it is, channel by channel, {@code scale*g + slope*(x - mean) + shift} of the
 * gradient g behind that. Whoever can, applies the rule as it reads, and the gradient need not go
 * through memory.
 *
 * @param g the gradient itself, or that behind the normalisation
 * @param coefficients mean, scale, slope, shift {@code [4, C]}; null: g is the gradient
 */
public record Upstream(Buffer g, @Nullable Buffer coefficients) {}
