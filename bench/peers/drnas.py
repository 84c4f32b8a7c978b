"""The two pieces of DrNAS that PyTorch gives only approximately or not at all."""

import math
import random

import torch


def digamma(x):
    return torch.special.digamma(torch.tensor(x, dtype=torch.float64)).item()


def gamma_gradient(concentration, sample):
    """d sample / d concentration of a Gamma(concentration, 1) variate at a fixed quantile: minus
    (dF/dconcentration) / (dF/dsample), F the distribution function.

    PyTorch's `_standard_gamma_grad` approximates this with a relative error near 1e-3. Here it is one
    integral, over the tail on the sample's side, where the integrand keeps its sign:
    with c the concentration, x the sample and t = x e^-u (left) or t = x e^u (right),

        -x * int_0^inf (ln x - u - digamma(c)) exp(-c u - x (e^-u - 1)) du     left,
         x * int_0^inf (ln x + u - digamma(c)) exp( c u - x (e^u  - 1)) du     right.

    By the trapezoidal rule after u = exp(s - exp(-s)), which converges exponentially.
    """
    gap = math.log(sample) - digamma(concentration)
    side = -1 if gap < 0 else 1

    def integrand(s):
        e = math.exp(-s)
        u = math.exp(s - e)
        if side > 0 and u > 700:
            return 0.0
        exponent = side * concentration * u - sample * math.expm1(side * u)
        return (gap + side * u) * math.exp(exponent) * u * (1 + e) if exponent > -745 else 0.0

    step = 1 / 64
    return side * sample * step * math.fsum(integrand(i * step) for i in range(-6 * 64, 16 * 64))


def table(rows):
    """[concentration, sample, gradient]: concentrations 0.05 to 20, samples from the middle and the tails."""
    noise, out = random.Random(7), []
    while len(out) < rows:
        c = float32(0.05 * 400 ** (len(out) / (rows - 1)))
        x = float32(noise.gammavariate(c, 1))
        if x > 1e-20:
            out.append([c, x, gamma_gradient(c, x)])
    return out


def float32(x):
    return torch.tensor(x, dtype=torch.float32).item()


def kl_to_uniform(concentration):
    """KL(Dirichlet(concentration) || Dirichlet(1, ..., 1)), one value per row."""
    k = concentration.shape[1]
    total = concentration.sum(1)
    return (
        torch.lgamma(total)
        - torch.lgamma(concentration).sum(1)
        - math.lgamma(k)
        + (
            (concentration - 1)
            * (torch.special.digamma(concentration) - torch.special.digamma(total)[:, None])
        ).sum(1)
    )
