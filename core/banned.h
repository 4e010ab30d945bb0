/* Calls that have hurt C programs often enough that they do not compile here. Forced into every file by the Makefile. */
#ifndef NPS_CORE_BANNED_H
#define NPS_CORE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NPS_BANNED(f) nps_banned_##f
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#define strcpy(a, b) NPS_BANNED(strcpy)
#define strcat(a, b) NPS_BANNED(strcat)
#define strncpy(a, b, n) NPS_BANNED(strncpy)
#define strncat(a, b, n) NPS_BANNED(strncat)
#undef sprintf
#undef vsprintf
#define sprintf(...) NPS_BANNED(sprintf)
#define vsprintf(...) NPS_BANNED(vsprintf)
#undef strtok
#define strtok(a, b) NPS_BANNED(strtok)
#undef atoi
#undef atol
#undef atof
#define atoi(a) NPS_BANNED(atoi)
#define atol(a) NPS_BANNED(atol)
#define atof(a) NPS_BANNED(atof)
#undef gets
#define gets(a) NPS_BANNED(gets)
#undef setlocale
#define setlocale(a, b) NPS_BANNED(setlocale)

#endif
