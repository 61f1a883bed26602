// SPDX-License-Identifier: MPL-2.0

// An echo server in Go that computes for some milliseconds before it answers a message that begins with "C".
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
)

const bufferBytes = 16 * 1024

// The steps of net/computing.h.
//
//go:noinline
func compute() uint64 {
	x := uint64(88172645463325252)
	for step := 0; step < 2000000; step++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func serve(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, bufferBytes)
	for {
		size, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if buffer[0] == 'C' && compute() == 0 {
			return // it never is; but it is looked at
		}
		if _, err := connection.Write(buffer[:size]); err != nil {
			return
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintf(os.Stderr, "usage: %s 127.0.0.1:PORT\n", os.Args[0])
		os.Exit(2)
	}
	if os.Args[1] == "--version" {
		fmt.Println("Go " + runtime.Version()[2:])
		return
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go serve(connection)
	}
}
