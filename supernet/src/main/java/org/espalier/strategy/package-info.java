@NullMarked
package org.espalier.strategy;

import org.jspecify.annotations.NullMarked;
