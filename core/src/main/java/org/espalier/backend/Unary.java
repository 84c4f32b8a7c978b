package org.espalier.backend;

/** Element-wise functions of one argument. */
public enum Unary {
  /** max(x, 0). */
  RELU,
  /** x where positive, exp(x) - 1 elsewhere. */
  ELU,
  /** 1/(1 + exp(-x)). */
  SIGMOID,
  /** The hyperbolic tangent. */
  TANH
}
