// SPDX-License-Identifier: MPL-2.0

// A TCP proxy in Go: `go_proxy TARGET ADDRESS`. Two goroutines a connection, and io.Copy, which splices within the kernel.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
)

func forward(from, to *net.TCPConn) {
	io.Copy(to, from)
	to.CloseWrite()
}

func serve(client *net.TCPConn, target string) {
	defer client.Close()
	connection, err := net.Dial("tcp", target)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	server := connection.(*net.TCPConn)
	defer server.Close()
	done := make(chan struct{})
	go func() {
		forward(client, server)
		close(done)
	}()
	forward(server, client)
	<-done
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("Go " + runtime.Version()[2:])
		return
	}
	if len(os.Args) != 3 {
		fmt.Fprintf(os.Stderr, "usage: %s TARGET ADDRESS\n", os.Args[0])
		os.Exit(2)
	}
	listener, err := net.Listen("tcp", os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	for {
		client, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go serve(client.(*net.TCPConn), os.Args[1])
	}
}
