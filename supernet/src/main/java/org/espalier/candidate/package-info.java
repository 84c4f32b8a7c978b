@NullMarked
package org.espalier.candidate;

import org.jspecify.annotations.NullMarked;
